import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { History } from '../engine/store/history';
import { Profiles } from '../engine/store/profiles';
import { settingOptions } from '../shared/command-line';
import { defaultSettings } from '../shared/settings';
import { registerConsole } from './console';
import { registerDoctor } from './doctor';
import { registerHistory } from './history';
import { registerLinkTest } from './link-test';
import { manualPage } from './manual';
import { registerProfiles } from './profiles';
import { buildProgram, runProgram } from './program';
import { registerReceive } from './receive';
import { registerSample } from './sample';
import { registerSend } from './send';

const nothing = (): Promise<never> => Promise.reject(new Error('no command is run here'));

/** The whole command, none of whose commands does anything. */
function program(): Command {
  const built = buildProgram({ profile: nothing, migrate: nothing, demo: nothing }, '1.2.3');
  const streams = { out: process.stdout, err: process.stderr };
  registerDoctor(built);
  registerConsole(built);
  registerSample(built, { streams, spawn: () => expect.fail(), onLasting: () => undefined });
  registerSend(built, nothing, nothing);
  registerReceive(built, nothing);
  registerLinkTest(built, nothing, nothing);
  registerProfiles(built, { streams, profiles: new Profiles('/nowhere') });
  registerHistory(built, { streams, history: new History('/nowhere') });
  return built;
}

/** Commands that do something, by their names after `wherry`. */
function leaves(command: Command, above = ''): readonly (readonly [name: string, command: Command])[] {
  return command.commands.flatMap((each) => {
    const name = `${above}${each.name()}`;
    return each.commands.length > 0 ? leaves(each, `${name} `) : [[name, each] as const];
  });
}

const all = new Map(leaves(program()));
const flagsOf = (command: Command): readonly string[] => command.options.map(({ long }) => long ?? '');
const readme = readFileSync('README.md', 'utf8');

describe('the README', () => {
  it('has every setting in its table, as it is typed to change it', () => {
    for (const [name, { flag, placeholder }] of Object.entries(settingOptions)) {
      const off = defaultSettings[name as keyof typeof defaultSettings] === true;
      const typed = off ? flag.replace('--', '--no-') : [flag, placeholder?.toUpperCase()].join(' ').trim();
      expect(readme).toMatch(new RegExp(`^\\| \`${typed}\``, 'm'));
    }
  });

  it.each(['README.md', 'docs/operations.md'])('and its examples name no option that is not there: %s', (file) => {
    const text = readFileSync(file, 'utf8').replaceAll('\\\n', ' ');
    const examples = [
      ...text.matchAll(
        /wherry (migrate|demo|sample|receive|send|link-test|doctor|(?:profiles|history) \w+)\b([^`\n]*)/g,
      ),
    ];
    expect(examples.length).toBeGreaterThan(3);
    for (const [line, name = '', rest = ''] of examples) {
      const command = all.get(name);
      if (command === undefined) continue; // `wherry profiles list|show|…`
      for (const [flag] of rest.replace(/ # .*/, '').matchAll(/(?<=\s)--[a-z][a-z-]+/g)) {
        expect(flagsOf(command), line).toContain(flag);
      }
    }
  });

  it('mentions no option of another name', () => {
    const known = new Set([...all.values()].flatMap(flagsOf));
    const others = readme.split('\n').filter((line) => !line.includes('npm run'));
    const mentioned = others.flatMap((line) => [...line.matchAll(/`(--[a-z][a-z-]+)/g)].map(([, flag]) => flag ?? ''));
    expect(mentioned.filter((flag) => !known.has(flag) && !['--resume', '--guest'].includes(flag))).toEqual([]);
  });
});

describe('the manual page', () => {
  const page = manualPage(program(), '1.2.3', new Date(0));
  const escaped = (text: string): string => text.replaceAll('-', '\\-');
  const about = new Map(
    page.split('\n.SS ').slice(1).map((part) => [/^"wherry ([a-z\\ -]+?)(?: [[<].*)?"/.exec(part)?.[1]?.replaceAll('\\', '') ?? '', part] as const), // prettier-ignore
  );

  it('has every command, and every option of each', () => {
    expect([...about.keys()].sort()).toEqual([...all.keys()].sort());
    for (const [name, command] of all) {
      const part = about.get(name)?.split('\n.SH ')[0] ?? '';
      const flags = command.options.map(({ flags }) => `\\fB${escaped(flags)}\\fR`).sort();
      expect((part.match(/^\\fB.*$/gm) ?? []).sort(), name).toEqual(flags);
    }
  });

  it('begins no line with a sign of its language that is text', () => {
    const quoted = new Command('x');
    quoted.command('c').description(".a\\b 'c' …");
    expect(manualPage(quoted, '1', new Date(0))).toContain("\n\\&.a\\eb 'c' ....\n");
  });
});

describe('help', () => {
  it.each([...all.keys()])('explains %s, asked either way', async (name) => {
    for (const words of [
      ['help', ...name.split(' ')],
      [...name.split(' '), '--help'],
    ]) {
      let text = '';
      const asked = program();
      for (const each of [asked, ...asked.commands, ...asked.commands.flatMap(({ commands }) => commands)]) {
        each.exitOverride().configureOutput({ writeOut: (out) => (text += out) });
      }
      expect(await runProgram(asked, words, (line) => (text += line))).toBe(0);
      expect(text).toContain(`Usage: wherry ${name} `);
      for (const flag of flagsOf(all.get(name) ?? new Command())) expect(text).toContain(flag);
    }
  });
});
