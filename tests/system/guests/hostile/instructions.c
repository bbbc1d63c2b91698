#include "check.h"
void instructions_check(void)
{
}
