#include "check.h"
void memory_check(void)
{
}
