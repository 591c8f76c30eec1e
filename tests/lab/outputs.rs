//! Outputs of every shape.

use anyhow::{Context, Result, ensure};
use offload_lab::{Built, Drv, Farm, Host, Node};

use crate::pool::cases;

cases![
    several_of_which_one_refers_to_another,
    one_that_refers_to_itself,
    one_that_refers_to_its_inputs,
    modes_links_and_empty_directories,
    names_in_utf8_and_beyond,
    a_plain_file_and_a_link,
    equal_files_are_linked,
];

fn several_of_which_one_refers_to_another(farm: &mut Farm) -> Result<()> {
    let drv = Drv::new("several").outputs(&["out", "lib", "doc"]).script(
        "mkdir $lib $doc; echo library > $lib/l; echo text > $doc/d
         mkdir $out; ln -s $lib/l $out/l",
    );
    let built = offloaded(farm, &drv)?;
    let row = farm.head.row(built.out())?.context("not valid")?;
    ensure!(
        row.references == [built.output("lib").to_owned()].into(),
        "{row:?}"
    );
    Ok(())
}

fn one_that_refers_to_itself(farm: &mut Farm) -> Result<()> {
    let built = offloaded(farm, &Drv::new("itself").script("echo $out > $out"))?;
    let row = farm.head.row(built.out())?.context("not valid")?;
    ensure!(row.references == [built.out().to_owned()].into(), "{row:?}");
    Ok(())
}

fn one_that_refers_to_its_inputs(farm: &mut Farm) -> Result<()> {
    let drv = Drv::new("inputs")
        .text("words", "some words\n")
        .source(
            "tree",
            Node::directory([("file", Node::file("in a tree\n"))]),
        )
        .script("echo $words $tree > $out; cat $words $tree/file >> $out");
    let built = offloaded(farm, &drv)?;
    let row = farm.head.row(built.out())?.context("not valid")?;
    ensure!(row.references.len() == 2, "{row:?}");
    let text = farm.head.read_text(built.out())?;
    ensure!(text.ends_with("some words\nin a tree\n"), "{text:?}");
    Ok(())
}

fn modes_links_and_empty_directories(farm: &mut Farm) -> Result<()> {
    let drv = Drv::new("modes").script(
        "mkdir -p $out/empty $out/deep/er/and/deeper; cd $out
         echo plain > plain; echo run > run; chmod 755 run; echo odd > odd; chmod 640 odd
         echo own > own; chmod 100 own; chmod 500 deep; : > nothing
         ln -s plain link; ln -s /nowhere/at/all broken; ln -s . deep/er/self || true",
    );
    offloaded(farm, &drv)?;
    Ok(())
}

fn names_in_utf8_and_beyond(farm: &mut Farm) -> Result<()> {
    let tree = Node::directory([
        (b"gr\xc3\xbc\xc3\x9fe".to_vec(), Node::file("utf-8\n")),
        (b"\xff\xfe".to_vec(), Node::file("no utf-8\n")),
        (b"a\nb \"c\" \\d".to_vec(), Node::link(b"\xff".to_vec())),
    ]);
    let drv = Drv::new("names")
        .source("tree", tree)
        .script("cp -a $tree $out; ls -la $out");
    let built = offloaded(farm, &drv)?;
    let path = farm.head.path(built.out());
    ensure!(std::fs::read_dir(path)?.count() == 3, "names are lost");
    Ok(())
}

fn a_plain_file_and_a_link(farm: &mut Farm) -> Result<()> {
    let drv = Drv::new("plain")
        .outputs(&["out", "link"])
        .script("echo run > $out; chmod 755 $out; ln -s $out $link");
    offloaded(farm, &drv)?;
    Ok(())
}

fn equal_files_are_linked(farm: &mut Farm) -> Result<()> {
    use std::os::unix::fs::MetadataExt;
    let drv = Drv::new("equal").script(
        "mkdir $out; yes words | head -c 20000 > $out/a; cp $out/a $out/b; cp $out/a $out/c
         chmod 755 $out/c",
    );
    let built = offloaded(farm, &drv)?;
    let inode = |name: &str| -> Result<(u64, u64)> {
        let meta = farm
            .head
            .path(format!("{}/{name}", built.out()))
            .symlink_metadata()?;
        Ok((meta.ino(), meta.nlink()))
    };
    if !farm.is_stock() {
        ensure!(inode("a")?.0 == inode("b")?.0, "a and b are two files");
    }
    ensure!(inode("a")?.0 != inode("c")?.0, "a and c are one file");
    ensure!(inode("a")?.1 > 1, "a is not in .links");
    Ok(())
}

/// Builds elsewhere; rows and files are then the same on both sides.
fn offloaded(farm: &Farm, drv: &Drv) -> Result<Built> {
    let (built, finished) = farm.build(drv)?;
    finished.succeeded()?;
    let machine = farm.came_back(&built)?;
    for output in built.outputs.values() {
        let (here, there) = (listing(&farm.head, output)?, listing(machine, output)?);
        ensure!(here == there, "files differ: here {here}, there {there}");
    }
    Ok(built)
}

/// Names, kinds, modes, times, owners and targets of all files of an item.
fn listing(host: &Host, item: &str) -> Result<String> {
    let format = "%P %y %m %T@ %u:%g %l\\n";
    let text = host.exec(&["find", item, "-printf", format]).ok()?;
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    Ok(lines.join("\n"))
}
