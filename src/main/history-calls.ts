import { runsCsv } from '../engine/store/csv';
import type { History } from '../engine/store/history';
import { historyJson } from '../engine/store/run-file';
import type { ExportFormat } from '../shared/contract';
import type { RunRecord } from '../shared/run-record';
import type { Handlers } from './ipc';
import { saveWhereAsked } from './save-file';

/** The contract's calls about earlier runs. */
export type HistoryCalls = Pick<Handlers, 'listRuns' | 'readRuns' | 'deleteRuns' | 'removeRefusedRun' | 'exportRuns'>;

const writers: Readonly<Record<ExportFormat, (runs: readonly RunRecord[]) => string>> = {
  json: historyJson,
  csv: runsCsv,
};

/** Answers them from the history. A file is written only where the operator said in the system's own dialog. */
export function historyCalls(history: History): HistoryCalls {
  return {
    listRuns: () => history.list(),
    readRuns: ({ ids }) => Promise.all(ids.map((id) => history.get(id))),
    deleteRuns: async ({ ids }) => {
      await history.delete(ids);
    },
    removeRefusedRun: ({ name }) => history.removeRefused(name),
    exportRuns: async ({ ids, format }) => {
      const runs = await Promise.all(ids.map((id) => history.get(id)));
      return saveWhereAsked('Export runs', `wherry-runs.${format}`, writers[format](runs));
    },
  };
}
