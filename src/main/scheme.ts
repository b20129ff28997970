import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { app, protocol } from 'electron';
import { isOwnPage, pageScheme } from './page-address';

/** The page may load its own script, style and images, and nothing else from anywhere. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types svelte-trusted-html',
].join('; ');

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
};

/**
 * Serves the built page under `app://console/`, so that `file://` is never needed. Only files that lay in the folder
 * when the console started can be asked for: the request's path is a key into that list, never a path on the disk.
 */
export function setupScheme(folder: string): void {
  protocol.registerSchemesAsPrivileged([{ scheme: pageScheme, privileges: { standard: true, secure: true } }]);
  const files = listFiles(folder);
  void app.whenReady().then(() => protocol.handle(pageScheme, (request) => answer(files, request.url)));
}

async function answer(files: ReadonlyMap<string, string>, address: string): Promise<Response> {
  const file = isOwnPage(address) ? files.get(new URL(address).pathname) : undefined;
  const type = file === undefined ? undefined : contentTypes[extname(file)];
  if (file === undefined || type === undefined) return new Response('not here', { status: 404 });
  return new Response(await readFile(file), {
    headers: {
      'content-type': type,
      'content-security-policy': contentSecurityPolicy,
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    },
  });
}

/** Files under a folder, by the URL path each is served at. */
export function listFiles(folder: string, prefix = '/'): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isFile()) files.set(prefix + entry.name, path);
    else if (entry.isDirectory())
      for (const [key, file] of listFiles(path, `${prefix}${entry.name}/`)) files.set(key, file);
  }
  return files;
}
