export { Detail } from "./components/Detail";
