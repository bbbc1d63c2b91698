#include "check.h"
void pointers_check(void)
{
}
