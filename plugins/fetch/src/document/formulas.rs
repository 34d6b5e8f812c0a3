//! Formulas as TeX, however a page carries them: MathML, the scripts and boxes of MathJax and KaTeX, pictures with their
//! TeX as their words.

use dom_query::{Document as Tree, NodeRef};

use super::raw::Raw;

/// Boxes that hold a formula in several forms.
const BOXES: &str =
    ".mwe-math-element, .katex-display, .katex, mjx-container, .MathJax_Display, .MathJax";
/// Pictures of formulas.
const PICTURES: &str = "img.tex, img.latex, img[class*=mwe-math], img[class*=math-fallback]";

/// Puts one TeX text in the place of each formula.
pub fn settle(tree: &Tree, raw: &mut Raw) {
    for script in tree.select("script[type^='math/tex']").nodes() {
        let display = script.attr_or("type", "").contains("mode=display");
        raw.replace(script, &written(&script.text(), display));
    }
    // What MathJax drew stands before its script.
    tree.select(".MathJax_Preview, .MathJax_Display:has(+ span), .MathJax:has(+ span)").remove();
    for part in tree.select(BOXES).nodes() {
        if part.parent().is_none() || is_detached(part) {
            continue;
        }
        let math = part.descendants_it().find(|node| node.has_name("math"));
        let tex = match math {
            Some(math) => Some(of_math(&math)),
            None => part
                .descendants_it()
                .find(|node| node.has_name("img"))
                .and_then(|image| image.attr("alt"))
                .map(Into::into),
        };
        if let Some(tex) = tex.filter(|tex: &String| !tex.trim().is_empty()) {
            let display = is_display(part) || math.is_some_and(|math| is_display(&math));
            raw.replace(part, &written(&tex, display));
        }
    }
    for math in tree.select("math").nodes() {
        if math.parent().is_some() && !is_detached(math) {
            raw.replace(math, &written(&of_math(math), is_display(math)));
        }
    }
    for picture in tree.select(PICTURES).nodes() {
        let tex = picture.attr_or("alt", "");
        if !tex.trim().is_empty() {
            raw.replace(picture, &written(&tex, is_display(picture)));
        }
    }
}

/// True if a box was replaced together with one around it.
fn is_detached(node: &NodeRef<'_>) -> bool {
    !node.ancestors_it(None).any(|ancestor| ancestor.is_document())
}

fn is_display(node: &NodeRef<'_>) -> bool {
    let is_block = |name: &str| node.attr_or(name, "").eq_ignore_ascii_case("block");
    is_block("display") || node.attr_or("display", "").as_ref() == "true" || {
        let class = node.attr_or("class", "").to_ascii_lowercase();
        class.contains("display") && !class.contains("inline")
    }
}

/// TeX between dollars.
fn written(tex: &str, display: bool) -> String {
    let tex = tex.split_whitespace().collect::<Vec<_>>().join(" ");
    let tex = inner(tex.trim_matches('$').trim());
    if display { format!("\n\n$${tex}$$\n\n") } else { format!("${tex}$") }
}

/// The inner part of `{\displaystyle ...}`, which only says how large it is drawn.
fn inner(tex: &str) -> &str {
    let styles = ["{\\displaystyle", "{\\textstyle"];
    let within = styles.iter().find_map(|style| tex.strip_prefix(style)?.strip_suffix('}'));
    within.filter(|within| within.starts_with(' ')).map_or(tex, str::trim)
}

/// The TeX that comes with MathML, or what it draws in one line.
fn of_math(math: &NodeRef<'_>) -> String {
    let is_tex = |node: &NodeRef<'_>| {
        node.has_name("annotation")
            && node.attr_or("encoding", "").to_ascii_lowercase().contains("tex")
    };
    let annotation = math.descendants_it().find(is_tex).map(|node| node.text().to_string());
    let tex = annotation.or_else(|| math.attr("alttext").map(|text| text.to_string()));
    tex.filter(|tex| !tex.trim().is_empty()).unwrap_or_else(|| line(math).trim().to_owned())
}

/// MathML in one line. The tree is no deeper than what is kept of a page.
fn line(node: &NodeRef<'_>) -> String {
    if node.is_text() {
        return node.text().split_whitespace().collect::<Vec<_>>().join(" ");
    }
    let parts: Vec<_> = node.element_children();
    let part = |index: usize| parts.get(index).map(line).unwrap_or_default();
    let group = |index: usize| {
        let text = part(index);
        if text.chars().count() > 1 { format!("{{{text}}}") } else { text }
    };
    match node.node_name().as_deref().unwrap_or_default() {
        "annotation" | "annotation-xml" => String::new(),
        "mfrac" => format!("\\frac{{{}}}{{{}}}", part(0), part(1)),
        "msqrt" => format!("\\sqrt{{{}}}", joined(node)),
        "mroot" => format!("\\sqrt[{}]{{{}}}", part(1), part(0)),
        "msup" | "mover" => format!("{}^{}", group(0), group(1)),
        "msub" | "munder" => format!("{}_{}", group(0), group(1)),
        "msubsup" | "munderover" => format!("{}_{}^{}", group(0), group(1), group(2)),
        "mtr" | "mlabeledtr" => {
            format!("{};", parts.iter().map(line).collect::<Vec<_>>().join(", "))
        }
        "mtext" => format!(" {} ", joined(node)),
        _ => joined(node),
    }
}

fn joined(node: &NodeRef<'_>) -> String {
    node.children_it(false).map(|child| line(&child)).collect()
}
