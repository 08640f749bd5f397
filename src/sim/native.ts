/** What Vitess itself does to a cluster, with its order of effects and its locks. */
export { deleteShards } from "./native/delete-shard.js";
export { addShard, applySchema, applyVSchema, createKeyspace, insertRows } from "./native/keyspace.js";
export { moveTablesCreate } from "./native/move-tables.js";
export { moveTablesCancel } from "./native/move-tables-cancel.js";
export { moveTablesComplete } from "./native/move-tables-complete.js";
export { moveTablesSwitch } from "./native/move-tables-switch.js";
export { finish, interrupt } from "./native/operation.js";
export { plannedReparent } from "./native/reparent.js";
export { legacyCancel, reshardCancel } from "./native/reshard-cancel.js";
export { reshardComplete } from "./native/reshard-complete.js";
export { reshardCreate } from "./native/reshard-create.js";
export { startTablet } from "./native/start-tablet.js";
export { switchAll, switchReads, switchWrites } from "./native/switch-traffic.js";
