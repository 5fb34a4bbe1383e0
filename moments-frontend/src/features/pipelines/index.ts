export { Pipelines } from "./components/Pipelines";
