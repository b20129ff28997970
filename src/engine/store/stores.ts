import { join } from 'node:path';
import { History } from './history';
import { Profiles } from './profiles';

/** What a data folder holds. */
export interface Stores {
  readonly profiles: Profiles;
  readonly history: History;
}

/** The stores in a data folder; nothing is touched until they are used. */
export function openStores(folder: string): Stores {
  return { profiles: new Profiles(join(folder, 'profiles')), history: new History(join(folder, 'history')) };
}
