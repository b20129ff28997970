import { expect, it } from 'vitest';
import { RamMap } from '../engine/dispatch/ram-map';
import { mapTeller } from './map-teller';

it('tells of a map when it has changed, and of its layout when that is another', () => {
  const said: unknown[] = [];
  const tell = mapTeller((name, value) => said.push([name, value]));
  const map = new RamMap();
  map.block(Buffer.from('pc.ram'), 8192);
  tell(undefined);
  expect(said).toEqual([]);

  const { layout } = map;
  tell(map);
  tell(map);
  expect(said).toEqual([['ramMap', { layout, cells: new Uint8Array([0, 0]) }]]);

  map.mark(0, 1, 'zero');
  tell(map);
  tell(map);
  expect(said.slice(1)).toEqual([['ramMap', { cells: new Uint8Array([0, 1]) }]]);
});
