/**
 * How many real clusters run beside each other, each in a network namespace of its own. They wait for much of the time, and four of them took
 * nearly all of two processors (11 % idle over 4 minutes, by /proc/stat). Each takes about 3 GB.
 */
export const LABS = 3;
