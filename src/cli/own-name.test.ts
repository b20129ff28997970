import { expect, it } from 'vitest';
import { ownName } from './own-name';

const clone = { script: '/home/a/wherry/bin/wherry', folder: '/home/a/wherry', path: '/bin:/usr/bin', packaged: false };

it.each([
  ['in its clone', {}, 'bin/wherry'],
  ['beside it', { folder: '/home/a/wherry/bin' }, './wherry'],
  ['elsewhere', { folder: '/tmp' }, '/home/a/wherry/bin/wherry'],
  ['on the PATH', { path: '/bin:/home/a/wherry/bin' }, 'wherry'],
  ['a link on the PATH', { script: '/usr/bin/wherry', folder: '/tmp' }, 'wherry'],
  ['the package', { script: '/opt/wherry/resources/app/bin/wherry', packaged: true }, 'wherry'],
  ['a path with a space', { folder: '/tmp', script: '/my clone/bin/wherry' }, "'/my clone/bin/wherry'"],
  ['no script', { script: undefined }, 'wherry'],
])('names itself as it can be started again: %s', (_, changed, name) => {
  expect(ownName({ ...clone, ...changed })).toBe(name);
});
