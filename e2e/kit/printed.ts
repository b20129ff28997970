import type { ChildProcess } from 'node:child_process';

/** What a child prints, once it matches; rejects with all it said if it ends before. */
export function printed(child: ChildProcess, where: 'stdout' | 'stderr', pattern: RegExp): Promise<RegExpExecArray> {
  let text = '';
  return new Promise((resolve, reject) => {
    child[where]?.on('data', (chunk: Buffer) => {
      text += String(chunk);
      const match = pattern.exec(text);
      if (match) resolve(match);
    });
    child.once('close', (code) => reject(new Error(`ended with ${code} before printing ${pattern}: ${text}`)));
  });
}
