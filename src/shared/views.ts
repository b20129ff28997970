/** The views there are, each with the name its navigation link has, in the navigation's order. */
export const views = {
  guests: 'Guests',
  new: 'New migration',
  live: 'Live',
  history: 'History',
  profiles: 'Profiles',
  receive: 'Receive',
} as const;
export type ViewName = keyof typeof views;
export const viewNames = Object.keys(views) as readonly ViewName[];
