/** The views there are, each with the name its navigation link has. */
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

/** The view in front, kept in the address's hash so that links are plain links and Back works. */
export class Route {
  #view = $state<ViewName>(fromHash());

  constructor() {
    addEventListener('hashchange', () => (this.#view = fromHash()));
  }

  get view(): ViewName {
    return this.#view;
  }

  go(view: ViewName): void {
    location.hash = view;
  }
}

function fromHash(): ViewName {
  return viewNames.find((name) => `#${name}` === location.hash) ?? 'guests';
}
