/** A rectangle of the screen, in its pixels. */
export interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** So much of a window's top has to be on a screen for it to be found and dragged. */
const graspWidth = 120;
const graspHeight = 24;

/**
 * Where a window may go: as it was if its top can be grasped on one of the screens, no larger than that screen; in the
 * middle of the first one otherwise, as when a screen has been taken away.
 * @param screens what windows may use of each screen, the main one first
 */
export function fitPlace(place: Place, screens: readonly Place[]): Place {
  const [main] = screens;
  if (main === undefined) return place;
  const screen = screens.find((each) => graspable(place, each)) ?? main;
  const { width, height } = smaller(place, screen);
  const fitted = { ...place, width, height };
  if (graspable(fitted, screen)) return fitted; // one made smaller may have lost its hold
  return {
    x: screen.x + Math.floor((screen.width - width) / 2),
    y: screen.y + Math.floor((screen.height - height) / 2),
    width,
    height,
  };
}

function graspable({ x, y, width }: Place, screen: Place): boolean {
  const seen = Math.min(x + width, screen.x + screen.width) - Math.max(x, screen.x);
  return seen >= graspWidth && y >= screen.y && y + graspHeight <= screen.y + screen.height;
}

function smaller({ width, height }: Place, screen: Place): { readonly width: number; readonly height: number } {
  return { width: Math.min(width, screen.width), height: Math.min(height, screen.height) };
}
