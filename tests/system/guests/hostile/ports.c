#include "check.h"
void ports_check(void)
{
}
