import ControllerProcess
import Glibc

@main
struct SluiceController {
    static func main() async { exit(await ControllerMain.run(arguments: Array(CommandLine.arguments.dropFirst()))) }
}
