import { writeFile } from 'node:fs/promises';
import { dialog } from 'electron';
import { runsCsv } from '../engine/store/csv';
import type { History } from '../engine/store/history';
import { historyJson } from '../engine/store/run-file';
import type { ExportFormat } from '../shared/contract';
import { WherryError, toFailure } from '../shared/failure';
import type { RunRecord } from '../shared/run-record';
import type { Handlers } from './ipc';

/** The contract's calls about earlier runs. */
export type HistoryCalls = Pick<Handlers, 'listRuns' | 'deleteRuns' | 'exportRuns'>;

const writers: Readonly<Record<ExportFormat, (runs: readonly RunRecord[]) => string>> = {
  json: historyJson,
  csv: runsCsv,
};

/** Answers them from the history. A file is written only where the operator said in the system's own dialog. */
export function historyCalls(history: History): HistoryCalls {
  return {
    listRuns: () => history.list(),
    deleteRuns: async ({ ids }) => {
      await history.delete(ids);
    },
    exportRuns: async ({ ids, format }) => {
      const runs = await Promise.all(ids.map((id) => history.get(id)));
      const { canceled, filePath } = await dialog.showSaveDialog({
        title: 'Export runs',
        defaultPath: `wherry-runs.${format}`,
        filters: [{ name: format.toUpperCase(), extensions: [format] }],
      });
      if (canceled || filePath === '') return undefined;
      await writeFile(filePath, writers[format](runs)).catch((error: unknown) => {
        throw new WherryError('store', `could not write ${filePath}: ${toFailure(error).message}`, { cause: error });
      });
      return filePath;
    },
  };
}
