/** What a file of tensors may hold. */

/** The reference's own bound on the header, in bytes. */
export const MAX_HEADER = 100_000_000;
/** Far above any network (the largest have some ten thousand), far below what would fill a heap with names. */
export const MAX_TENSORS = 100_000;
/** PyTorch's and NumPy's bound on dimensions. */
export const MAX_RANK = 64;
