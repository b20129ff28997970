/** So many entries of a list can be looked over; more are looked for, and scroll by themselves. */
export const plenty = 12;
