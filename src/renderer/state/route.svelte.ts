import { viewNames, type ViewName } from '../../shared/views';

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

  /** Shows a view, and resolves when it is the one in front. */
  async arriveAt(view: ViewName): Promise<void> {
    if (view === this.#view) return;
    const arrived = new Promise((resolve) => addEventListener('hashchange', resolve, { once: true }));
    this.go(view);
    await arrived;
  }
}

function fromHash(): ViewName {
  return viewNames.find((name) => `#${name}` === location.hash) ?? 'guests';
}
