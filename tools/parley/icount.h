/*
 * The processor of `parley run --icount`, which is that of the bench too.
 *
 * Counted, a string instruction is an instruction for each of its steps, so that clearing a
 * page by bytes would count eight times what clearing it by words does. Processors without
 * these two features make kernels choose words.
 */
#ifndef TOOLS_PARLEY_ICOUNT_H
#define TOOLS_PARLEY_ICOUNT_H

#define PARLEY_ICOUNT_CPU "max,-erms,-fsrm"

#endif
