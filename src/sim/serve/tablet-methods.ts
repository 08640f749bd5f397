import {
  create,
  type DescMessage,
  type DescMethod,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import {
  type Metadata,
  type MethodDefinition,
  type Server,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
} from "@grpc/grpc-js";
import { mapOutcome, type Outcome, type Unanswered, unanswered } from "../../cluster/outcome.js";
import { Query } from "../../proto/gen/queryservice_pb.js";
import { TabletManager } from "../../proto/gen/tabletmanagerservice_pb.js";
import { TabletType } from "../../proto/gen/topodata_pb.js";
import type { ExecResult, NonPrimaryType, TabletAddress } from "../../tablets/access.js";
import type { TabletAnswers } from "./answers.js";
import { fetchAsDba } from "./fetch-as-dba.js";
import { fullStatusOf, healthOf, schemaOf } from "./tablet-messages.js";

/** The methods of a vttablet that vtdoctor calls; others are UNIMPLEMENTED, as in an older Vitess. */
export function tabletMethods(
  server: Server,
  answers: TabletAnswers,
  tabletOf: (metadata: Metadata) => TabletAddress | null,
): void {
  const { reader, writer } = answers;
  const { method } = TabletManager;
  const unary = <I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    answer: Answer<I, O>,
  ) => server.addService(...unaryService(method, answer, tabletOf));

  server.addService(
    ...firstMessageService(
      Query.method.streamHealth,
      async (at) => mapOutcome(await reader.identity(at), healthOf),
      tabletOf,
    ),
  );
  unary(method.ping, async (at, { payload }) => mapOutcome(await reader.identity(at), () => ({ payload })));
  unary(method.fullStatus, async (at) =>
    mapOutcome(await reader.status(at), (found) => ({ status: fullStatusOf(found) })),
  );
  unary(method.getSchema, async (at, { includeViews }) =>
    mapOutcome(await reader.schema(at), (tables) => ({
      schemaDefinition: schemaOf(tables.filter(({ type }) => includeViews || type !== "VIEW")),
    })),
  );
  unary(method.executeFetchAsDba, async (at, request) =>
    mapOutcome(await fetchAsDba(answers, at, request), (result) => ({ result })),
  );
  unary(method.vReplicationExec, async (at, { query }) =>
    mapOutcome(await writer.vreplicationExec(at, query), affected),
  );
  unary(method.deleteVReplicationWorkflow, async (at, { workflow }) =>
    mapOutcome(await writer.deleteWorkflow(at, workflow), affected),
  );
  unary(method.refreshState, async (at) => mapOutcome(await writer.refreshState(at), () => ({})));
  unary(method.changeTags, async (at) => mapOutcome(await writer.changeTags(at), () => ({})));
  unary(method.changeType, async (at, { tabletType }) => {
    const type = NON_PRIMARY.find((name) => TabletType[name] === tabletType);
    if (type === undefined) return unanswered("unsupported", `a served tablet does not become ${tabletType}`);
    return mapOutcome(await writer.changeType(at, type), () => ({}));
  });
  unary(method.vDiff, async (at, { keyspace, workflow }) =>
    mapOutcome(await writer.deleteVDiffs(at, keyspace, workflow), () => ({})),
  );
}

const NON_PRIMARY: readonly NonPrimaryType[] = ["REPLICA", "RDONLY", "SPARE"];

const affected = ({ rowsAffected }: ExecResult) => ({ result: { rowsAffected: BigInt(rowsAffected) } });

type Answer<I extends DescMessage, O extends DescMessage> = (
  at: TabletAddress,
  request: MessageShape<I>,
) => Promise<Outcome<MessageInitShape<O>>>;

type Refusal = { readonly code: status; readonly details: string };

type Service<H> = [Record<string, MethodDefinition<Buffer, Buffer>>, Record<string, H>];

const unaryService = <I extends DescMessage, O extends DescMessage>(
  method: DescMethodUnary<I, O>,
  answer: Answer<I, O>,
  tabletOf: (metadata: Metadata) => TabletAddress | null,
): Service<(call: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>) => void> => [
  definition(method),
  {
    [method.name]: async (call, reply) => {
      const made = await ask(method, answer, tabletOf(call.metadata), call.request);
      if (made === null) return;
      if ("code" in made) reply(made);
      else reply(null, made);
    },
  },
];

/** The stream stays open after its first message, until the caller ends it. */
const firstMessageService = <I extends DescMessage, O extends DescMessage>(
  method: DescMethodServerStreaming<I, O>,
  answer: Answer<I, O>,
  tabletOf: (metadata: Metadata) => TabletAddress | null,
): Service<(call: ServerWritableStream<Buffer, Buffer>) => void> => [
  definition(method),
  {
    [method.name]: async (call) => {
      const made = await ask(method, answer, tabletOf(call.metadata), call.request);
      if (made === null || call.cancelled) return;
      if ("code" in made) call.emit("error", made);
      else call.write(made);
    },
  },
];

/** Null: it never comes. */
async function ask<I extends DescMessage, O extends DescMessage>(
  method: { readonly input: I; readonly output: O },
  answer: Answer<I, O>,
  at: TabletAddress | null,
  request: Buffer,
): Promise<Buffer | Refusal | null> {
  if (at === null) return { code: status.UNAVAILABLE, details: "the connection is gone" };
  const outcome = await answer(at, fromBinary(method.input, request));
  if (outcome.kind === "answered")
    return Buffer.from(toBinary(method.output, create(method.output, outcome.value)));
  return outcome.reason === "timeout" ? null : refusalOf(outcome);
}

/** The codes of vttablet (`topology-and-wire.md` 7.1); a process that is not there looks like a lost connection. */
function refusalOf({ reason, message }: Unanswered): Refusal {
  switch (reason) {
    case "closed":
    case "unreachable":
      return { code: status.UNAVAILABLE, details: message };
    case "denied":
      return { code: status.UNAUTHENTICATED, details: message };
    case "unsupported":
      return { code: status.UNIMPLEMENTED, details: message };
    default:
      return { code: status.UNKNOWN, details: message };
  }
}

const definition = (method: DescMethod): Record<string, MethodDefinition<Buffer, Buffer>> => ({
  [method.name]: {
    path: `/${method.parent.typeName}/${method.name}`,
    requestStream: false,
    responseStream: method.methodKind === "server_streaming",
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  },
});

const asIs = (bytes: Buffer): Buffer => bytes;
