import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { settingOptions } from '../shared/command-line';
import { manualPage } from './manual';
import { buildProgram } from './program';
import { registerReceive } from './receive';

function program(): Command {
  const actions = {
    profile: () => Promise.reject(new Error()),
    migrate: () => Promise.resolve(),
    demo: () => Promise.resolve(),
  };
  const built = buildProgram(actions, '1.2.3');
  registerReceive(built, () => Promise.resolve());
  return built;
}

/** What of the page stands about one command. */
function about(page: string, command: string): string {
  return page.split('\n.SS ').find((part) => part.startsWith(`"wherry ${command}`)) ?? '';
}

describe('the manual page', () => {
  const page = manualPage(program(), '1.2.3', new Date(0));
  const escaped = (text: string): string => text.replaceAll('-', '\\-');

  it('has every setting and every option, and none that is not there', () => {
    const migrate = about(page, 'migrate');
    for (const { flag } of Object.values(settingOptions)) expect(migrate).toContain(`\\fB${escaped(flag)}`);
    for (const command of program().commands) {
      const flags = command.options.map(({ flags }) => `\\fB${escaped(flags)}\\fR`).sort();
      const part = about(page, command.name()).split('\n.SH ')[0] ?? '';
      expect((part.match(/^\\fB.*$/gm) ?? []).sort()).toEqual(flags);
    }
  });

  it('begins no line with a sign of its language that is text', () => {
    const quoted = new Command('x');
    quoted.command('c').description(".a\\b 'c' …");
    expect(manualPage(quoted, '1', new Date(0))).toContain("\n\\&.a\\eb 'c' ....\n");
  });
});
