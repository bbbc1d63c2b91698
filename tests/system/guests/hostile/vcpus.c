#include "check.h"
void vcpus_check(void)
{
}
