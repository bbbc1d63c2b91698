#include "groups.h"
void ports_check(void)
{
}
