import type { RunningMigration } from '../engine/migration';
import type { RamLayout } from '../shared/ram-map';
import type { Publish } from './publish';

/** Tells the window of one run's memory map: where it has changed, and its layout where that is another. */
export function mapTeller(publish: Publish): (map: RunningMigration['map']) => void {
  let told: number | undefined;
  let known: RamLayout | undefined;
  return (map) => {
    if (map === undefined || map.changes === told) return;
    const { changes, layout } = map;
    publish('ramMap', { ...(layout !== known && { layout }), cells: map.cells() });
    told = changes;
    known = layout;
  };
}
