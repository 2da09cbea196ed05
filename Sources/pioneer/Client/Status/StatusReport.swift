import Base

/// An engine's status as a person reads it.
struct StatusReport {
    let status: StatusAnswer
    let terminal: Terminal

    private var style: Style { Style(terminal) }
    private var text: WatermarkText { WatermarkText(now: status.readAt) }

    /// A head, and a block for each topology.
    var lines: [String] {
        guard !status.topologies.isEmpty else { return [head, "", "No topologies run."] }
        return [head] + status.topologies.flatMap { [""] + block($0) }
    }

    private var head: String {
        let state = status.isRunning ? style(.green, "running") : style(.yellow, "stopping")
        return style(.bold, "pioneer \(status.version)") + " \(state) for \(Figures.duration(seconds: status.uptimeSeconds)), "
            + "\(Figures.bytes(status.residentBytes)) in memory, \(Figures.bytes(status.diskBytes)) on disk"
    }

    private func block(_ topology: StatusAnswer.Topology) -> [String] {
        let figures = topology.figures
        let flow = "\(Figures.short(figures.recordsPerSecond)) records/s in, "
            + "\(Figures.short(figures.rowsOutPerSecond)) rows/s out, \(lag(figures))"
        let name = style(.bold, topology.name)
        let fits = terminal.width.map { CellText.width(topology.name) + 2 + CellText.width(flow) <= $0 } ?? true
        var lines = fits ? [name + "  " + flow] : [name] + wrapped(flow)
        lines += wrapped(text.sentence(topology.watermark))
        lines += wrapped(
            "\(Figures.count(figures.records, "record")) read, \(Figures.count(figures.rowsOut, "row")) out, "
                + "\(Figures.count(figures.windowsClosed, "window")) closed, \(figures.openWindows) open")
        if figures.late > 0 { lines += warning("\(Figures.count(figures.late, "late record"))", figures.lateByStream) }
        if figures.deadLetters > 0 {
            lines += warning("\(Figures.count(figures.deadLetters, "dead letter"))", figures.deadLettersByCode)
            lines += wrapped("see them: pioneer tail _pioneer.\(topology.name).dead-letters").map { style(.dim, $0) }
        }
        lines += places(topology).flatMap(wrapped)
        return lines + [""] + tasks(topology) + [""] + inputs(topology) + (topology.views.isEmpty ? [] : [""] + views(topology))
    }

    /// A sentence for each process that runs some of the tasks, for each that is being restored, and for those nobody runs.
    private func places(_ topology: StatusAnswer.Topology) -> [String] {
        func names(_ tasks: [StatusAnswer.Task]) -> String {
            (tasks.count == 1 ? "task " : "tasks ") + tasks.map { "\($0.partition)" }.joined(separator: ", ")
        }
        let away = Dictionary(grouping: topology.tasks.filter { $0.owner != nil }) { $0.owner ?? "" }
        let elsewhere = away.sorted { $0.key < $1.key }.map { owner, tasks in
            "\(names(tasks)) \(tasks.count == 1 ? "runs" : "run") on \(owner), as of the last \(tasks.count == 1 ? "epoch" : "epochs")"
        }
        let copied = topology.tasks.filter { $0.copyLag != nil }
        let lag = copied.compactMap(\.copyLag).reduce(0, +)
        let copies = copied.isEmpty
            ? [] : ["copies here of \(names(copied)): \(lag == 0 ? "up to date" : "\(Figures.count(lag, "record")) behind")"]
        let restoring = topology.tasks.compactMap { task in
            task.restore.map { restore in
                "\(names([task])) is being restored\(restore.origin.map { " " + $0 } ?? ""): "
                    + "\(Figures.bytes(restore.bytes)) read, \(Int(restore.share * 100)) %"
                    + (restore.secondsLeft.map { ", \(Figures.duration(seconds: $0)) left" } ?? "")
            }
        }
        let nowhere = topology.tasks.filter(\.isNowhere)
        return elsewhere + copies + restoring + (nowhere.isEmpty ? [] : ["\(names(nowhere)): not run yet, as far as is known here"])
    }

    private func wrapped(_ text: String) -> [String] { WatermarkText.wrapped(text, width: terminal.width, indent: "  ") }

    private func warning(_ what: String, _ parts: [(name: String, count: Int)]) -> [String] {
        let shares = parts.map { "\($0.name) \(Figures.count($0.count))" }.joined(separator: ", ")
        return wrapped(what + (shares.isEmpty ? "" : ": " + shares)).map { style(.yellow, $0) }
    }

    private func lag(_ figures: StatusAnswer.Figures) -> String {
        figures.lagRecords == 0
            ? "no lag"
            : "lag \(Figures.count(figures.lagRecords)) records, \(Figures.duration(seconds: figures.lagSeconds))"
    }

    // MARK: Tables

    private func tasks(_ topology: StatusAnswer.Topology) -> [String] {
        var table = TextTable([
            .init("task", .right), .init("epoch", .right), .init("committed", .right), .init("took", .right), .init("records/s", .right),
            .init("rows/s", .right), .init("windows", .right), .init("groups", .right), .init("state", .right),
        ])
        for task in topology.tasks {
            let figures = task.figures
            table.add([
                "\(task.partition)", Figures.count(task.epoch),
                task.commitAgeSeconds.map { Figures.duration(seconds: max(0, $0)) } ?? "-",
                task.commitSeconds.map { Figures.duration(seconds: $0) } ?? "-", Figures.short(figures.recordsPerSecond),
                Figures.short(figures.rowsOutPerSecond), Figures.count(figures.openWindows), Figures.short(Double(figures.groups)),
                Figures.bytes(figures.stateBytes),
            ])
        }
        return indented(table)
    }

    private func inputs(_ topology: StatusAnswer.Topology) -> [String] {
        var table = TextTable([
            .init("input"), .init("next", .right), .init("lag", .right), .init("age", .right), .init("newest event", isWhole: true),
        ])
        for input in topology.tasks.flatMap(\.inputs) {
            let newest = text.cell(input.holder.newest) + (input.holder.isIdle ? ", idle" : "")
            table.add([
                input.holder.input, Figures.count(input.nextOffset), Figures.count(input.lagRecords),
                input.lagRecords == 0 ? "-" : Figures.duration(seconds: input.lagSeconds), newest,
            ])
        }
        return indented(table)
    }

    private func views(_ topology: StatusAnswer.Topology) -> [String] {
        var table = TextTable([.init("view"), .init("rows", .right), .init("lag", .right), .init("everything before is in", isWhole: true)])
        for view in topology.views {
            let rows = view.rows.map { Figures.count($0) } ?? "-"
            table.add([view.name, rows, Figures.count(view.lagRecords), text.cell(view.watermark)])
        }
        let troubles = topology.views.compactMap { view in view.trouble.map { $0.sentence(of: view.name, now: status.readAt) } }
        let rebuilds = topology.views.compactMap { view in
            view.rebuild.flatMap { $0.isRunning ? "\(view.name) is rebuilt: \($0.progress)" : nil }
        }
        return indented(table) + troubles.flatMap(wrapped).map { style(.yellow, $0) } + rebuilds.flatMap(wrapped)
    }

    private func indented(_ table: TextTable) -> [String] {
        table.lines(width: terminal.width.map { $0 - 2 }, style: style).map { $0.isEmpty ? $0 : "  " + $0 }
    }
}
