/** The version that a machine runs, which must be that of all others: kernels' layouts and orders of sums belong to it. */
declare const VERSION: string;

/** The build puts the package's version in place; sources that run as they are have none. */
export const version: string = typeof VERSION === "undefined" ? "source" : VERSION;
