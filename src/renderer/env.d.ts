import type { Bridge } from '../shared/contract';

declare global {
  interface Window {
    /** Put there by the preload; its name is the contract's `bridgeName`. */
    readonly wherry: Bridge;
  }
}
