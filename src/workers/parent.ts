/** The process that started this worker. */
export interface Parent {
  post(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
}

/** What Electron puts on `process` in a utility process. */
interface ParentPort {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (event: { readonly data: unknown }) => void): void;
}

/**
 * Signals that a terminal or a service manager sends to every process of a group: the parent decides how its run ends,
 * and needs us for that. It ends us with SIGKILL, or by going.
 */
const forTheParent = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * The parent, whether it is Electron's main process or a Node process. This process ends with it: Electron sees to
 * that itself, under Node the closed channel says so.
 */
export function connectParent(): Parent {
  for (const signal of forTheParent) process.on(signal, () => undefined);
  const { parentPort } = process as { readonly parentPort?: ParentPort };
  if (parentPort !== undefined) {
    return {
      post: (message) => parentPort.postMessage(message),
      onMessage: (listener) => parentPort.on('message', ({ data }) => listener(data)),
    };
  }
  if (process.send === undefined) throw new Error('expected to be started by wherry, found no channel to a parent');
  process.on('disconnect', () => process.exit(0));
  return {
    post: (message) => void process.send?.(message, undefined, undefined, () => undefined),
    onMessage: (listener) => void process.on('message', listener),
  };
}
