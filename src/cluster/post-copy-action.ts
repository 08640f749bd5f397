/**
 * The statement of a row of `_vt.post_copy_action`: `{"task": "alter table ...", "type": 1}`, whose only type is PostCopyActionSQL
 * (vreplicator.go, v16 to v24). Null for anything else: a key that can not be read must not be taken for none.
 */
export const statementOf = (json: string): string | null => {
  try {
    const action: unknown = JSON.parse(json);
    const hasTask = typeof action === "object" && action !== null && "task" in action;
    return hasTask && typeof action.task === "string" ? action.task : null;
  } catch {
    return null;
  }
};
