import type { Argument, Command, Help } from 'commander';
import { exitCodes } from './exit-codes';

/** Adds `wherry manual`, which prints the manual page for the package; no help mentions it. */
export function registerManual(program: Command, version: string): void {
  program.command('manual', { hidden: true }).action(() => {
    process.stdout.write(manualPage(program, version, new Date()));
  });
}

/**
 * wherry(1) in the man(7) language. Commands and options are those that `--help` shows, by the same code, so that the
 * two cannot differ.
 */
export function manualPage(program: Command, version: string, date: Date): string {
  return [
    `.TH WHERRY 1 "${date.toISOString().slice(0, 10)}" "wherry ${plain(version)}" "User Commands"`,
    ...section('Name', 'wherry \\- move running QEMU guests over slow links'),
    ...section('Synopsis', '.B wherry\n.I command\n.RI [ options ]'),
    ...section('Description', ...paragraphs(description)),
    ...section('Commands', ...leaves(program).flatMap(({ name, command }) => commandText(name, command))),
    ...section('Addresses', ...items(addresses)),
    ...section('Units', ...items(units)),
    ...section('Exit status', ...items(exitStatuses)),
    ...section('Environment', ...items(environment)),
    ...section('Files', ...items(files)),
    ...section('Examples', ...items(examples)),
    ...section('See also', '.BR qemu-system-x86_64 (1),\n.BR virsh (1)'),
    '',
  ].join('\n');
}

const description = [
  'Wherry stands between two unmodified QEMUs and carries the stream of a live migration from one to the other: ' +
    'compressed by many threads together with XBZRLE deltas, within a hard bandwidth limit, and checked byte for byte.',
  'Exactly one copy of the guest runs at any time: the destination is started only after the source has let go of it, ' +
    'and whatever fails before leaves the guest running on the source.',
];

const addresses = [
  ['/path, unix:/path, tcp:host:port', 'A monitor of QEMU (QMP), as given to its -qmp option.'],
  ['wherry://host:port?…', 'A receiver, as `wherry receive` prints it. It holds a secret.'],
  [
    '@FILE, -',
    'The same from a file or standard input, the last such line: everybody on a host can read the command lines of its ' +
      'processes, so this is the way to hand over a secret.',
  ],
] as const;

const units = [
  [
    '100Mbit, 12MB/s, 100B/s',
    'A rate: bits or bytes a second. A number alone is refused, except 0, which is no limit.',
  ],
  ['64MiB, 64M, 12MB, 4096', 'A size: MiB and M are 2^20 bytes, MB is 10^6. A number alone is bytes, from 4096 on.'],
  ['300ms, 1.5s, 10m, 1h', 'A time. A number alone is refused, except 0.'],
] as const;

const exitStatuses: readonly Item[] = [
  [String(exitCodes.completed), 'Completed: the guest is on the destination.'],
  [String(exitCodes.failed), 'Failed: the guest is still on the source.'],
  [String(exitCodes.usage), 'What was asked for cannot be done; nothing was begun.'],
  [
    String(exitCodes.uncertain),
    'Uncertain: contact was lost when nobody could tell; it is said which side to look at.',
  ],
  [String(exitCodes.cancelled), 'Cancelled: the guest stays on the source.'],
  [String(exitCodes.unread), 'A list or an export was not read to its end.'],
];

const environment = [
  ['WHERRY_DATA_DIR', 'Where profiles, history and keys are kept.'],
  ['XDG_DATA_HOME', 'Else they are in the folder wherry in there; by default in ~/.local/share/wherry.'],
  ['TMPDIR', 'Where sockets for the stream are made; QEMU has to see the same folder.'],
] as const;

const files = [
  ['/etc/wherry/NAME.conf', 'LISTEN, DESTINATION and OPTIONS of the service wherry-receive@NAME.'],
  ['/run/wherry-receive-NAME.pairing', 'What that service printed for senders.'],
  ['/usr/share/doc/wherry/operations.md', 'Two hosts step by step, and what each failure looks like.'],
] as const;

const examples = [
  ['wherry demo --max-bandwidth 100Mbit', 'A migration of the built-in guest, to see what one is like.'],
  [
    'wherry receive --listen 0.0.0.0:4711 --destination /run/vm-dst.sock',
    "On the destination's host; prints wherry://…",
  ],
  [
    'wherry migrate --source /run/vm-src.sock --destination @vm.pairing',
    "On the source's host, with what was printed there in a file that only you can read.",
  ],
] as const;

type Item = readonly [term: string, text: string];

interface Leaf {
  /** Its words after `wherry`. */
  readonly name: string;
  readonly command: Command;
}

/** Commands that do something, with those of a group under their full name. */
function leaves(command: Command, above = ''): readonly Leaf[] {
  return visible(command).flatMap((each) => {
    const name = `${above}${each.name()}`;
    return each.commands.length > 0 ? leaves(each, `${name} `) : [{ name, command: each }];
  });
}

function visible(command: Command): readonly Command[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .filter((each) => each.name() !== 'help');
}

function commandText(name: string, command: Command): readonly string[] {
  const help = command.createHelp();
  const words = command.registeredArguments.map(argumentText).join(' ');
  return [
    `.SS "wherry ${plain([name, words].join(' ').trim())}"`,
    `${plain(sentence(command.description()))}`,
    ...items(optionItems(help, command)),
  ];
}

/** As in `--help`: `<run>`, `[runs...]`. */
function argumentText(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

function optionItems(help: Help, command: Command): readonly Item[] {
  return help
    .visibleOptions(command)
    .filter((option) => option.long !== '--help')
    .map((option) => [help.optionTerm(option), sentence(help.optionDescription(option))]);
}

function section(title: string, ...lines: readonly string[]): readonly string[] {
  return [`.SH ${title.toUpperCase().includes(' ') ? `"${title.toUpperCase()}"` : title.toUpperCase()}`, ...lines];
}

function paragraphs(texts: readonly string[]): readonly string[] {
  return texts.flatMap((text, i) => (i === 0 ? [plain(text)] : ['.PP', plain(text)]));
}

function items(pairs: readonly Item[]): readonly string[] {
  return pairs.flatMap(([term, text]) => ['.TP', `\\fB${plain(term)}\\fR`, plain(text)]);
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** Text that roff sets as it is: its own signs escaped, hyphens that can be copied, ASCII only. */
function plain(text: string): string {
  const escaped = text.replaceAll('\\', '\\e').replaceAll('-', '\\-').replaceAll('…', '...').replaceAll('–', '\\-');
  return escaped.replace(/^(?=[.'])/, '\\&');
}
