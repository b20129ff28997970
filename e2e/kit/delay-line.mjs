/**
 * A program: forwards TCP connections, each byte late by a time, either way, as a long cable does.
 *
 *     node delay-line.mjs HOST PORT MS
 *
 * It listens on the loopback interface and prints JSON lines: `{"event":"listening","port":…}`, and for each direction
 * that has ended `{"event":"ended","bytes":…,"leastMs":…}`, the shortest time that any of these bytes was under way.
 */
import { connect, createServer } from 'node:net';

/** Bytes under way in one direction; what would be more is left with who sends it. */
const mostHeld = 4 * 2 ** 20;

const [host = '', port, ms] = process.argv.slice(2);
const delayMs = Number(ms);

const server = createServer({ allowHalfOpen: true }, (near) => {
  const far = connect({ host, port: Number(port), allowHalfOpen: true });
  carry(near, far);
  carry(far, near);
});
server.listen(0, '127.0.0.1', () => {
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  say({ event: 'listening', port: address.port });
});

/**
 * @param {import('node:net').Socket} from
 * @param {import('node:net').Socket} to
 */
function carry(from, to) {
  /** @type {{ readonly since: number, readonly bytes: Buffer | undefined }[]} */
  const line = [];
  let [held, carried, least] = [0, 0, Infinity];
  let waiting = false;

  const deliver = () => {
    waiting = false;
    for (let next = line[0]; next !== undefined; next = line[0]) {
      const left = next.since + delayMs - performance.now();
      if (left > 0 || to.writableNeedDrain) return wait(left);
      line.shift();
      if (next.bytes === undefined) {
        to.end();
        say({ event: 'ended', bytes: carried, leastMs: least });
      } else {
        least = Math.min(least, performance.now() - next.since);
        carried += next.bytes.length;
        held -= next.bytes.length;
        to.write(next.bytes);
      }
    }
    from.resume();
  };
  /** @param {number} left */
  const wait = (left) => {
    if (waiting) return;
    waiting = true;
    if (left > 0) setTimeout(deliver, Math.ceil(left));
    else to.once('drain', deliver);
  };
  /** @param {Buffer} [bytes] nothing for the end */
  const put = (bytes) => {
    line.push({ since: performance.now(), bytes });
    held += bytes?.length ?? 0;
    if (held >= mostHeld) from.pause();
    wait(delayMs);
  };

  from.on('data', put);
  from.on('end', () => put());
  from.on('error', () => to.destroy());
}

/** @param {object} event */
function say(event) {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}
