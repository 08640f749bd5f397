/** A rule that works as it stands, with what each field is for: its owner changes it piece by piece, and `rules test` says what no longer fits. */
export const newRule = (id: string): string => `id: ${id}  # the file's name
title: A shard takes no writes  # what is wrong, in a few words
drifts: []  # ids of vtdoctor's own catalogue; yours: none
severity: info  # critical: data or availability is at risk now; warning: the next operation breaks; info: residue
because: This is an example, which nobody has to act upon.  # why this severity

# Sources in whose silence the query would take something for absent: topology, cell, history, tablet, sidecar, schema, mysql.
needs: [topology]

# One SELECT over the tables of docs/snapshot.md; each row is a finding. Try it with the command query, on a cluster or a file
query: |
  SELECT keyspace, shard, key, revision FROM shard
  WHERE is_primary_serving = 0
  ORDER BY keyspace, shard

object: { keyspace: keyspace, shard: shard }  # what it is about: key to column
locator: "{keyspace}/{shard}"  # makes the id: ${id}@customer/-80
symptom: "{keyspace}/{shard} takes no writes, by its Shard record"  # {column} of the query

# What shows it: a fact, where it was seen, when (an etcd revision, or milliseconds), and a query that shows it again.
evidence:
  - fact: is_primary_serving is false
    source: "{key}"
    at: "{revision}"
    query: SELECT * FROM shard WHERE keyspace = {keyspace} AND shard = {shard}

impact: None, where a Reshard is on its way.  # what it costs to leave it
cause: A Reshard whose writes were not switched yet.  # how it comes about
repair:
  steps: ["complete the Reshard, or cancel it"]  # for a person
messages: []  # what logs say of it, "..." for what differs: explain finds the rule by it

# Clusters as short as they can be: what a row leaves out is NULL, '' or 0. Take a condition out of the query, and one has to fail.
examples:
  sick:
    - name: a shard that takes no writes
      rows: { shard: [{ keyspace: customer, shard: "-80", is_primary_serving: 0 }] }
      finds: [${id}@customer/-80]
  healthy:
    - name: a shard that takes them
      rows: { shard: [{ keyspace: customer, shard: "-80", is_primary_serving: 1 }] }
`;
