// Where two texts that are already drawn differ: the words that only one of them has are marked.

const WORDS =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]|[\p{L}\p{M}\p{N}_'’]+|\s+|./gsu;
const MOST_CELLS = 6_000_000;

/** Mark in both elements what the other one lacks. Returns false where they are too long. */
export function markDifferences(one, other) {
  const left = words(one);
  const right = words(other);
  const alike = common(left, right);
  if (!alike) return false;
  mark(left, alike[0]);
  mark(right, alike[1]);
  return true;
}

/** The words of an element, each with its text node and place; formulas are left alone. */
function words(element) {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT, (node) =>
    node.parentElement.closest(".formula, .no-diff") ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT,
  );
  const found = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    for (const match of node.data.matchAll(WORDS)) {
      found.push({ node, start: match.index, end: match.index + match[0].length, word: match[0] });
    }
  }
  return found;
}

/** Which words of each side belong to a longest common subsequence. */
function common(left, right) {
  const keptLeft = new Uint8Array(left.length);
  const keptRight = new Uint8Array(right.length);
  let start = 0;
  while (start < left.length && start < right.length && left[start].word === right[start].word) {
    keptLeft[start] = keptRight[start] = 1;
    start += 1;
  }
  let endLeft = left.length;
  let endRight = right.length;
  while (endLeft > start && endRight > start && left[endLeft - 1].word === right[endRight - 1].word) {
    endLeft -= 1;
    endRight -= 1;
    keptLeft[endLeft] = keptRight[endRight] = 1;
  }
  const rows = endLeft - start;
  const columns = endRight - start;
  if ((rows + 1) * (columns + 1) > MOST_CELLS) return null;
  const wide = columns + 1;
  const length = new Uint16Array((rows + 1) * wide);
  for (let i = rows - 1; i >= 0; i--) {
    for (let j = columns - 1; j >= 0; j--) {
      length[i * wide + j] =
        left[start + i].word === right[start + j].word
          ? length[(i + 1) * wide + j + 1] + 1
          : Math.max(length[(i + 1) * wide + j], length[i * wide + j + 1]);
    }
  }
  for (let i = 0, j = 0; i < rows && j < columns; ) {
    if (left[start + i].word === right[start + j].word) {
      keptLeft[start + i++] = keptRight[start + j++] = 1;
    } else if (length[(i + 1) * wide + j] >= length[i * wide + j + 1]) i++;
    else j++;
  }
  return [keptLeft, keptRight];
}

/** Wrap the words that are not alike; white space alone between two of them goes with them. */
function mark(list, alike) {
  const blank = (word) => !word.trim();
  for (let i = 1; i < list.length - 1; i++) {
    if (alike[i] && blank(list[i].word) && !alike[i - 1] && !alike[i + 1]) alike[i] = 0;
  }
  const ranges = new Map();
  list.forEach((one, i) => {
    if (alike[i] || blank(one.word) === true && (i === 0 || alike[i - 1])) return;
    const of = ranges.get(one.node) || [];
    const last = of[of.length - 1];
    if (last && last[1] === one.start) last[1] = one.end;
    else of.push([one.start, one.end]);
    ranges.set(one.node, of);
  });
  for (const [node, of] of ranges) {
    for (const [start, end] of of.reverse()) {
      const rest = node.splitText(start);
      rest.splitText(end - start);
      const wrapped = document.createElement("mark");
      wrapped.className = "differs";
      rest.replaceWith(wrapped);
      wrapped.append(rest);
    }
  }
}
