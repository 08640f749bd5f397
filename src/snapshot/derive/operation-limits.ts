/** How long an operation may plausibly hold its lock, and why. */
export interface OperationLimit {
  readonly action: RegExp;
  readonly seconds: number;
  /** Its holder renews its named lock too; Vitess never does (docs/vitess.md#lease-renewal). */
  readonly renewed?: true;
  /** Where the number comes from; defaults of vtctldclient's flags unless said otherwise. */
  readonly because: string;
}

/**
 * Actions by their text (docs/vitess.md#lock-holders). A limit is generous to a slow cluster and short against the 24 hours that a dead
 * vtctld's named lock stays (docs/vitess.md#locks-after-a-crash, docs/decisions.md#d11): past it the lock explains nothing.
 */
const OPERATION_LIMITS: readonly OperationLimit[] = [
  {
    action: /^(?:SwitchWrites|SwitchReads)$/,
    seconds: 240,
    because:
      "4 x the --timeout of 30 s (docs/vitess.md#locks-after-a-crash), twice over for the wait on tablets to refresh",
  },
  {
    action: /^WorkflowSwitchTraffic$/,
    seconds: 300,
    because:
      "SwitchReads and SwitchWrites of 120 s each, and RefreshState on all tablets first (30 s, docs/vitess.md#interrupted-switch)",
  },
  {
    action: /^(?:DropTargets|DropSources|WorkflowDelete|MoveTablesComplete)$/,
    seconds: 600,
    because:
      "tables are dropped one by one on every shard; vtctldclient itself waits an hour (--action_timeout)",
  },
  {
    action: /^(?:MoveTablesCreate|MaterializeAddTables|MirrorTraffic|completeMigrateWorkflow)$/,
    seconds: 600,
    because: "the schema is copied table by table to every target shard",
  },
  {
    action: /^(?:PlannedReparentShard|EmergencyReparentShard)\b/,
    seconds: 120,
    because: "--lock-timeout 45 s, --wait-replicas-timeout 15 to 30 s, and the demotion before it",
  },
  {
    action: /^VTOrc Recovery\b/,
    seconds: 120,
    because: "--lock-timeout 45 s and --wait-replicas-timeout 30 s of VTOrc",
  },
  {
    action: /^vdiff$/,
    seconds: 600,
    because: "--filtered-replication-wait-time 30 s for each table that is being initialised",
  },
  {
    action: /^(?:ApplySchema|VtctldApplySchema)/,
    seconds: 3600,
    because:
      "a direct ALTER copies its table while it holds the lock; vtctldclient waits an hour (--action_timeout)",
  },
  {
    action: /^vtdoctor: /,
    seconds: 900,
    renewed: true,
    because: "a stage's longest wait is ten minutes, and it renews its lease of 30 s for as long as it lives",
  },
  {
    action: /(?:)/,
    seconds: 120,
    because:
      "a change of records: a lease of 30 s that nobody renews (docs/vitess.md#lease-renewal), and slow tablets",
  },
];

export const limitFor = (action: string): OperationLimit | undefined =>
  OPERATION_LIMITS.find((known) => known.action.test(action));

/** What clocks of two hosts may differ by without anybody noticing. */
export const CLOCK_SKEW_S = 60;
