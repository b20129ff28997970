import { ariaKeys, commandOf, type CommandName } from '../../shared/commands';

/** Buttons that are there, by the command whose keys press them. */
const buttons = new Map<CommandName, HTMLElement>();

/** Whether keys are written as a Mac does. */
export const mac = navigator.userAgent.includes('Mac');

/** A Svelte action: a button that a command's keys press, wherever it is; one without a command is pressed itself. */
export function shortcut(button: HTMLElement, name: CommandName | undefined): { destroy?(): void } {
  if (name === undefined) return {};
  buttons.set(name, button);
  button.setAttribute('aria-keyshortcuts', ariaKeys(commandOf(name).keys, mac));
  return {
    destroy: () => {
      if (buttons.get(name) === button) buttons.delete(name);
    },
  };
}

/** Presses a command's button; one that is disabled stays as it is. Says whether there is one. */
export function press(name: CommandName): boolean {
  const button = buttons.get(name);
  button?.click();
  return button !== undefined;
}

/** Whether a key typed there is part of a text. */
export function takesText(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement) return target.type !== 'checkbox';
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}
