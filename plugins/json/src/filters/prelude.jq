# What jq has and jaq lacks or answers otherwise. A later definition hides an earlier one of its name.

# Values
def isvalid(f): try (f | true) catch false;
def error(message): message | error_empty;
def error: error_empty;
def abs: if . < 0 then -. else . end;
def toarray: if type == "array" then . else [.] end;
def have_decnum: true;
def have_literal_numbers: true;
def isfinite: type == "number" and (isinfinite | not);
def finites: select(isfinite);
def normals: select(isnormal);
def values: select(. != null);
def nulls: select(type == "null");
def booleans: select(type == "boolean");
def numbers: select(type == "number");
def strings: select(type == "string");
def arrays: select(type == "array");
def objects: select(type == "object");
def iterables: select(type == "array" or type == "object");
def scalars: select(type != "array" and type != "object");
def not: if . then false else true end;

def nearbyint: rint;
def pow10: exp10;
def drem($x; $y): remainder($x; $y);
def nexttoward($x; $y): nextafter($x; $y);
def scalb($x; $power): $x * ($power | exp2);
def scalbln($x; $power): ldexp($x; $power);

# The surroundings: there are none.
def env: {};
def input_filename: null;
def get_search_list: [];
def halt_error: halt_error(5);
def debug(message): (message | debug | empty), .;

# Counting. What a definition hides is kept under another name, since its own name means itself.
def _limit($n; f): limit($n; f);
def limit($n; f): if $n < 0 then error("limit doesn't support negative count") else _limit($n; f) end;
def _skip($n; f): skip($n; f);
def skip($n; f): if $n < 0 then error("skip doesn't support negative count") else _skip($n; f) end;
def nth($n): .[$n];
def nth($n; f): if $n < 0 then error("nth doesn't support negative indices") else first(skip($n; f)) end;
def until(done; step): def next: if done then . else step | next end; next;
def range($from; $to; $step):
  if $step > 0 then $from | while(. < $to; . + $step)
  elif $step < 0 then $from | while(. > $to; . + $step)
  else empty end;
def isempty(f): first((f | false), true);
def any(f; is): isempty(first(f | is | select(.))) | not;
def all(f; is): isempty(first(f | is | select(. | not)));
def any(is): any(.[]; is);
def all(is): all(.[]; is);
def any: any(.[]; .);
def all: all(.[]; .);
def add(f): reduce f as $x (null; . + $x);
def add: add(.[]);
def in(whole): . as $key | whole | has($key);
def inside(whole): . as $part | whole | contains($part);
def IN(f): . as $x | any(f; . == $x);
def IN(f; among): any(f; IN(among));
def INDEX(f; key): reduce f as $row ({}; .[$row | key | tostring] = $row);
def INDEX(key): INDEX(.[]; key);
def JOIN($index; key): [.[] | [., $index[key]]];
def JOIN($index; f; key): f | [., $index[key]];
def JOIN($index; f; key; join): f | [., $index[key]] | join;
def ascii: [.] | implode;

# Arrays
def _reverse: reverse;
def reverse:
  if type == "string" then explode | reverse | implode
  elif type == "null" then []
  elif type == "array" then _reverse
  else [.[length - 1 - range(length)]] end;
def first: .[0];
def last: .[-1];
def indices($sought):
  if type == "array" and ($sought | type) != "array" then .[[$sought]]
  elif type == "string" and ($sought | type) == "string" then _strindices($sought)
  else .[$sought] end;
def index($sought): indices($sought) | .[0];
def rindex($sought): indices($sought) | .[-1:][0];
def join($between):
  reduce .[] as $x (null;
    (if . == null then "" else . + $between end)
    + ($x | if type == "boolean" or type == "number" then tojson elif . == null then "" else . end)
  ) | if . == null then "" else . end;
def _flatten($depth): reduce .[] as $x ([];
  if ($x | type) == "array" and $depth != 0 then . + ($x | _flatten($depth - 1)) else . + [$x] end);
def flatten($depth): if $depth < 0 then error("flatten depth must not be negative") else _flatten($depth) end;
def flatten: _flatten(-1);
def transpose: [range([.[] | length] | max // 0) as $column | [.[][$column]]];
def combinations: if length == 0 then [] else .[0][] as $x | (.[1:] | combinations) as $rest | [$x] + $rest end;
def combinations(n): . as $all | [range(n) | $all] | combinations;
def min_by(f): if . == null then error("Cannot iterate over null (null)") else reduce min_by_or_empty(f) as $x (null; $x) end;
def min: min_by(.);
def max: max_by(.);

# Objects
def to_entries: [keys_unsorted[] as $key | {key: $key, value: .[$key]}];
def from_entries:
  reduce .[] as $entry ({};
    . + {($entry
      | if type == "object" then
          (if .key != null and .key != false then .key
           elif .k != null and .k != false then .k
           elif .name != null and .name != false then .name
           elif .Name != null and .Name != false then .Name
           elif .Key != null and .Key != false then .Key
           elif .K != null and .K != false then .K
           elif has("key") then .key
           else null end)
        else error("Cannot index \(type) with string (\"key\")") end
      | if type == "string" then . elif type == "null" then "null" else tojson end):
      ($entry
        | if has("value") then .value elif has("v") then .v elif has("Value") then .Value elif has("V") then .V else null end)});
def with_entries(f): to_entries | map(f) | from_entries;
def map_values(f): .[] |= f;
def walk(f): def one: (if type == "object" then map_values(one) elif type == "array" then map(one) else . end) | f; one;

# Paths
def paths: path(..) | select(length > 0);
def paths(is): path(.. | select(is)) | select(length > 0);
def del(f): delpaths([path(f)]);
def pick(f): . as $whole | reduce path(f) as $path (null; setpath($path; $whole | getpath($path)));
def leaf_paths: paths(scalars);
def tostream:
  path(def below: (.[]? | below), .; below) as $path
  | getpath($path)
  | reduce path(.[]?) as $last ([$path, .]; [$path + $last]);
def fromstream(events):
  foreach events as $event ({done: false, whole: null};
    if .done then {done: false, whole: null} else . end
    | if ($event | length) == 2
      then .done = ($event[0] | length == 0) | .whole |= setpath($event[0]; $event[1])
      else .done = ($event[0] | length == 1) end;
    if .done then .whole else empty end);
def truncate_stream(events): . as $depth | null | events | select(.[0] | length > $depth) | .[0] |= .[$depth:];

# Strings
def trimstr($part): ltrimstr($part) | rtrimstr($part);
def tostring: if type == "string" then . else tojson end;
def ascii(codes): codes | [.] | implode;
def format($name):
  if $name == "text" then @text elif $name == "json" then @json elif $name == "csv" then @csv
  elif $name == "tsv" then @tsv elif $name == "html" then @html elif $name == "uri" then @uri
  elif $name == "urid" then @urid elif $name == "sh" then @sh elif $name == "base64" then @base64
  elif $name == "base64d" then @base64d elif $name == "base32" then @base32 elif $name == "base32d" then @base32d
  else error("\($name) is not a valid format") end;
def _pattern(f): if type == "string" then [., null] elif type == "array" and length > 0 then [.[0], .[1]] else error("\(type) not a string or array") end | f;
def match($pattern; $flags): _matches($pattern; $flags; false)[];
def match($pattern): . as $text | $pattern | _pattern(.) as [$re, $flags] | $text | match($re; $flags);
def test($pattern; $flags): _matches($pattern; $flags; true);
def test($pattern): . as $text | $pattern | _pattern(.) as [$re, $flags] | $text | test($re; $flags);
def _named: [.captures[] | select(.name != null) | {(.name): .string}] | add // {};
def capture($pattern; $flags): match($pattern; $flags) | _named;
def capture($pattern): . as $text | $pattern | _pattern(.) as [$re, $flags] | $text | capture($re; $flags);
def scan($pattern; $flags): match($pattern; "g" + $flags) | if .captures == [] then .string else [.captures[].string] end;
def scan($pattern): scan($pattern; null);
def splits($pattern; $flags):
  . as $text
  | foreach ((match($pattern; $flags + "g") | [.offset, .length]), null) as $next ({to: 0};
      .from = .to
      | if $next == null then .end = null else .end = $next[0] | .to = $next[0] + $next[1] end;
      .from as $from | .end as $end | $text[$from:$end]);
def splits($pattern): splits($pattern; null);
def split($pattern; $flags): [splits($pattern; $flags)];
def sub($pattern; replacement; $flags):
  . as $text
  | [match($pattern; $flags)] as $matches
  | if $matches == [] then $text
    else
      reduce $matches[] as $match ({to: 0, texts: []};
        $text[.to:$match.offset] as $before
        | [$match | _named | replacement] as $new
        | reduce range($new | length) as $at (.; .texts[$at] += $before + $new[$at])
        | .to = $match.offset + $match.length)
      | if .texts == [] then $text else .texts[] + $text[.to:] end
    end;
def sub($pattern; replacement): sub($pattern; replacement; "");
def gsub($pattern; replacement; $flags): sub($pattern; replacement; $flags + "g");
def gsub($pattern; replacement): sub($pattern; replacement; "g");

# Dates
def fromdateiso8601: strptime("%Y-%m-%dT%H:%M:%SZ") | mktime;
def todateiso8601: strftime("%Y-%m-%dT%H:%M:%SZ");
def fromdate: fromdateiso8601;
def todate: todateiso8601;
def date: todate;
def dateadd($unit; $seconds): . + $seconds;
def datesub($unit; $seconds): . - $seconds;

# Other formats, which jq does not have
def fromyaml: _format_rows("yaml")[];
def fromtoml: _format_rows("toml")[];
def fromxml: _format_rows("xml")[];
def fromcsv: _format_rows("csv")[];
def fromcsv($separator): _format_rows(["csv", $separator])[];
def fromtsv: _format_rows("tsv")[];
