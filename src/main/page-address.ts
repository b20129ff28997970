/** The scheme the console's page is served under, instead of `file:`. */
export const pageScheme = 'app';

const host = 'console';

/** Where the console's one page lives. */
export const pageUrl = `${pageScheme}://${host}/index.html`;

/** Whether an address is the console's own page; decides who may call us and where the window may go. */
export function isOwnPage(address: string): boolean {
  try {
    const url = new URL(address);
    return url.protocol === `${pageScheme}:` && url.host === host;
  } catch {
    return false;
  }
}
