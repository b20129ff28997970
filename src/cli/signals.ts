const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Has `heard` told of every request to stop, with how many there have been, instead of the process ending; the
 * function returned puts things back.
 */
export function onStopSignal(heard: (times: number) => void): () => void {
  let times = 0;
  const listener = (): void => heard(++times);
  for (const signal of signals) process.on(signal, listener);
  return () => {
    for (const signal of signals) process.off(signal, listener);
  };
}
