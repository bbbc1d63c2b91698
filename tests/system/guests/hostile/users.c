#include "check.h"
void users_check(void)
{
}
