// What every step of one benchmark shares: the rig, the workload, a controller at work, and how long to wait for quiet.

import type { Follower } from './follower.ts';
import type { ControllerProcess, Rig } from './rig.ts';
import type { DialectName, Workload } from './workload.ts';

export interface Bench {
  /** `W1, flux` */
  readonly name: string;
  readonly rig: Rig;
  readonly workload: Workload;
  readonly dialect: DialectName;
  readonly controller: ControllerProcess;
  readonly follower: Follower;
  readonly log: (line: string) => void;
  /** Status writes and verdicts of what went before are over. */
  readonly settle: () => Promise<void>;
}

const settleMs = 5_000;

export const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, settleMs));
