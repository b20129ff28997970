import * as v from 'valibot';
import { collectGarbageRarely } from '../codec/garbage';
import { toFailure, WherryError } from '../shared/failure';
import type { Parent } from './parent';

/** What a worker does with its messages: `open` once, then `run` for every job. */
interface Service<Open, Job> {
  open(message: Open): { run(job: Job): Promise<unknown> };
}

interface Request {
  readonly type: string;
}

/** Answers a parent's messages: `ready` to `open`, a job's result to a job, `failed` to whatever cannot be done. */
export function serve<Open extends Request & { type: 'open' }, Job extends Request>(
  parent: Parent,
  schema: v.GenericSchema<unknown, Open | Job>,
  service: Service<Open, Job>,
): void {
  collectGarbageRarely();
  let jobs: { run(job: Job): Promise<unknown> } | undefined;

  async function answer(message: unknown): Promise<unknown> {
    const request = parse(schema, message);
    if (request.type === 'open') {
      jobs = service.open(request as Open);
      return { type: 'ready' };
    }
    if (jobs === undefined) throw new WherryError('worker', `expected an open message first, got ${request.type}`);
    return jobs.run(request as Job);
  }

  parent.onMessage((message) => {
    answer(message).then(
      (reply) => parent.post(reply),
      (error: unknown) => parent.post({ type: 'failed', ...slotOf(message), ...toFailure(error) }),
    );
  });
}

function parse<T>(schema: v.GenericSchema<unknown, T>, message: unknown): T {
  const result = v.safeParse(schema, message);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new WherryError('worker', `bad message, ${v.getDotPath(issue) ?? 'itself'}: ${issue.message}`);
}

/** The slot a message names, so that the answer to a bad one can still be put where it belongs. */
function slotOf(message: unknown): { readonly slot?: number } {
  const slot = v.safeParse(v.object({ slot: v.pipe(v.number(), v.integer(), v.minValue(0)) }), message);
  return slot.success ? slot.output : {};
}
