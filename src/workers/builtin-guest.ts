import * as v from 'valibot';
import { startGuest } from '../guest/builtin-guest';
import { openGuestSchema, type GuestReply } from '../guest/messages';
import { toFailure, WherryError } from '../shared/failure';
import { connectParent } from './parent';

const parent = connectParent();
let opened = false;

async function open(message: unknown): Promise<GuestReply> {
  const request = v.safeParse(openGuestSchema, message);
  if (!request.success || opened) {
    const [issue] = request.issues ?? [];
    const got = issue === undefined ? 'a second one' : `${v.getDotPath(issue) ?? 'itself'}: ${issue.message}`;
    throw new WherryError('worker', `Built-in guest: expected one open message, got ${got}`);
  }
  opened = true;
  await startGuest(request.output, { exit });
  return { type: 'ready' };
}

function exit(code: number, message?: string): void {
  if (message !== undefined) process.stderr.write(`wherry-guest: ${message}\n`);
  process.exit(code);
}

parent.onMessage((message) => {
  open(message).then(
    (reply) => parent.post(reply),
    (error: unknown) => parent.post({ type: 'failed', ...toFailure(error) }),
  );
});
