#include "check.h"
void returns_check(void)
{
}
