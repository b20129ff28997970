/**
 * What the engine knows of a worker process. Electron's utility processes and Node's child processes both fit; the
 * spawner is passed in, so that nothing under `src/engine` imports `electron`. Messages are plain JSON values: page
 * bytes never cross here, they cross in the slot ring (`src/codec/ring.ts`).
 */
export interface WorkerHandle {
  /** Process id, absent until the process has started. */
  readonly pid: number | undefined;
  /** Sends a message; silently dropped once the process is gone (its `exit` says so). */
  post(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
  /** Called once, whether the process ended by itself, was killed, or never started. */
  onExit(listener: (reason: string) => void): void;
  /** Ends the process now (SIGKILL). */
  kill(): void;
}

/** The worker programs there are. */
export type WorkerKind = 'compress' | 'decompress' | 'builtin-guest';

/** Starts a worker; `name` is for process lists and logs, e.g. `compress-3`. */
export type SpawnWorker = (kind: WorkerKind, name: string) => WorkerHandle;
