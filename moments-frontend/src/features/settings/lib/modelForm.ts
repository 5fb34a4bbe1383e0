import type { ModelBody, ModelOut } from "@/api/types";
import type { Field, Side } from "@/lib/merging";

/** A model's entry as text fields hold it. */
export interface ModelForm {
  key: string;
  kind: string;
  transport: string;
  model_name: string;
  base_url: string;
  ssh_host: string;
  ssh_user: string;
  remote_host: string;
  remote_port: string;
  api_key_env: string;
  context_tokens: string;
  max_concurrency: string;
  max_refinements: string;
  temperature: string;
  max_tokens: string;
  tokens_field: string;
  system_role: string;
  answer_format: string;
  stream: string;
  answer_seconds: string;
  first_token_seconds: string;
  supports_video: boolean;
  supports_generation: boolean;
  supports_refinement: boolean;
}

export const EMPTY_MODEL: ModelForm = {
  key: "",
  kind: "chat",
  transport: "direct",
  model_name: "",
  base_url: "",
  ssh_host: "",
  ssh_user: "",
  remote_host: "",
  remote_port: "",
  api_key_env: "",
  context_tokens: "32768",
  max_concurrency: "2",
  max_refinements: "1",
  temperature: "0.3",
  max_tokens: "4096",
  tokens_field: "",
  system_role: "",
  answer_format: "",
  stream: "",
  answer_seconds: "",
  first_token_seconds: "",
  supports_video: false,
  supports_generation: true,
  supports_refinement: true,
};

export function toForm(model: ModelOut): ModelForm {
  return {
    key: model.key,
    kind: model.kind,
    transport: model.transport,
    model_name: model.model_name ?? "",
    base_url: model.base_url ?? "",
    ssh_host: model.ssh_host ?? "",
    ssh_user: model.ssh_user ?? "",
    remote_host: model.remote_host ?? "",
    remote_port: model.remote_port?.toString() ?? "",
    api_key_env: model.api_key_env ?? "",
    context_tokens: model.context_tokens.toString(),
    max_concurrency: model.max_concurrency.toString(),
    max_refinements: model.max_refinements.toString(),
    temperature: model.temperature?.toString() ?? "",
    max_tokens: model.max_tokens.toString(),
    tokens_field: model.tokens_field ?? "",
    system_role: model.system_role ?? "",
    answer_format: model.answer_format ?? "",
    stream: model.stream?.toString() ?? "",
    answer_seconds: model.answer_seconds?.toString() ?? "",
    first_token_seconds: model.first_token_seconds?.toString() ?? "",
    supports_video: model.supports_video,
    supports_generation: model.supports_generation,
    supports_refinement: model.supports_refinement,
  };
}

const LABELS: Record<keyof ModelForm, string> = {
  key: "Name",
  kind: "Task",
  transport: "Connection",
  model_name: "Model's name on the server",
  base_url: "Address",
  ssh_host: "SSH host",
  ssh_user: "SSH user",
  remote_host: "Host behind the SSH host",
  remote_port: "Port behind the SSH host",
  api_key_env: "Environment variable with its key",
  context_tokens: "Context (tokens)",
  max_concurrency: "Requests at the same time",
  max_refinements: "Of these, adjustments",
  temperature: "Temperature",
  max_tokens: "Longest answer (tokens)",
  tokens_field: "Parameter for the answer length",
  system_role: "Instructions are sent in",
  answer_format: "JSON is requested by",
  stream: "Answers arrive",
  answer_seconds: "Time limit for an answer (seconds)",
  first_token_seconds: "Time limit for its beginning (seconds)",
  supports_video: "Watches video",
  supports_generation: "Finds moments",
  supports_refinement: "Adjusts start and end",
};

/** The fields for merging two users' changes of one entry. */
export const MODEL_FIELDS: readonly Field<ModelForm>[] = Object.entries(LABELS).map(([name, label]) => ({
  name,
  label,
  show: (form) => {
    const value = form[name as keyof ModelForm];
    return typeof value === "boolean" ? (value ? "yes" : "no") : value.trim();
  },
}));

/** Returns their version with my values where mine was chosen. */
export function mergedForm(theirs: ModelForm, mine: ModelForm, chosen: Readonly<Record<string, Side>>): ModelForm {
  return { ...theirs, ...Object.fromEntries(Object.entries(mine).filter(([name]) => chosen[name] === "mine")) };
}

const OPTIONAL = ["model_name", "base_url", "ssh_host", "ssh_user", "remote_host", "api_key_env", "tokens_field", "system_role", "answer_format"] as const;
const OPTIONAL_NUMBERS = ["remote_port", "temperature", "answer_seconds", "first_token_seconds"] as const;
/** Fields that the server fills in, or that only it knows. */
const SERVERS_OWN = new Set(["configured", "default_for", "learned", "etag"]);

/** Returns the request's body. What the form does not show stays unchanged. */
export function bodyOf(form: ModelForm, before: ModelOut | null): ModelBody {
  // Fields of another kind of service are of no use to this one.
  const endpoint = before?.kind === form.kind ? {} : { endpoint: form.kind === "asr" ? "/transcribe" : "/v1/chat/completions" };
  const kept = Object.entries({ ...before, ...endpoint }).filter(([name]) => !SERVERS_OWN.has(name));
  return {
    ...Object.fromEntries(kept),
    key: form.key.trim(),
    kind: form.kind,
    transport: form.transport,
    ...Object.fromEntries(OPTIONAL.map((name) => [name, form[name].trim() === "" ? null : form[name].trim()])),
    ...Object.fromEntries(OPTIONAL_NUMBERS.map((name) => [name, form[name].trim() === "" ? null : Number(form[name])])),
    stream: form.stream === "" ? null : form.stream === "true",
    max_tokens: Number(form.max_tokens),
    context_tokens: Number(form.context_tokens),
    max_concurrency: Number(form.max_concurrency),
    max_refinements: Number(form.max_refinements),
    supports_video: form.kind === "chat" && form.supports_video,
    supports_generation: form.supports_generation,
    supports_refinement: form.supports_refinement,
  } as ModelBody;
}
