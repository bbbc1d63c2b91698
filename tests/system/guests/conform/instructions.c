#include "groups.h"
void instructions_check(void)
{
}
