#include "check.h"
void descriptors_check(void)
{
}
